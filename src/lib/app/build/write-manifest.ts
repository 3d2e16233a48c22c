/** `npm run manifest`: writes oclif.manifest.json. */
import { join } from 'node:path';
import { packageRoot } from '../../runtime/entry.ts';
import { writeText } from '../../runtime/files.ts';
import { createManifest, MANIFEST_FILE } from '../manifest.ts';

writeText(join(packageRoot(), MANIFEST_FILE), await createManifest());
