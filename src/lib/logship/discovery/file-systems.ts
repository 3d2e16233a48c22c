/**
 * File systems where changes made elsewhere (by a server, another client, the layer below) raise no inotify event, by the type that
 * statfs(2) tells (linux/magic.h).
 */
const SILENT: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x794c7630, 'overlay'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'vboxsf'],
]);

/** The name of a file system on which events cannot be relied on; undefined where they can. */
export function silentFileSystem(statfsType: number): string | undefined {
  return SILENT.get(statfsType);
}
