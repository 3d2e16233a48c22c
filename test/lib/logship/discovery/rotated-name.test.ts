import { describe, expect, it } from 'vitest';
import { isRotationOf, parseRotatedName } from '../../../../src/lib/logship/discovery/rotated-name.ts';

describe('the name of a rotated file', () => {
  it.each<[path: string, family: string, generation: number, isCompressed: boolean]>([
    ['/v/app.log', '/v/app.log', 0, false],
    ['/v/app.log.1', '/v/app.log', 1, false],
    ['/v/app.log.12.gz', '/v/app.log', 12, true],
    ['/v/app.log-20261201', '/v/app.log', 0, false],
    ['/v/app.log-20261201.zst', '/v/app.log', 0, true],
    ['/v/app.log-20261201-1764547200', '/v/app.log', 0, false],
    ['/v/app.log.2026-12-01', '/v/app.log', 0, false],
    ['/v/app-2026-12-01.log', '/v/app.log', 0, false],
    ['/v/app-2026-12-01T13-00-00.log', '/v/app.log', 0, false],
    ['/v/syslog.1', '/v/syslog', 1, false],
    ['/v/app-1.log', '/v/app-1.log', 0, false],
    ['/v/20261201', '/v/20261201', 0, false],
    ['/v/-20261201', '/v/-20261201', 0, false],
    ['/v/port.80801', '/v/port.80801', 0, false],
  ])('%s is of %s, generation %d, compressed %s', (path, family, generation, isCompressed) => {
    expect(parseRotatedName(path)).toEqual({ family, generation, isCompressed });
  });

  it('makes it an older generation of the file being written, not the other way round', () => {
    expect(isRotationOf('/v/app.log.1', '/v/app.log')).toBe(true);
    expect(isRotationOf('/v/app.log', '/v/app.log.1')).toBe(false);
    expect(isRotationOf('/v/app.log', '/v/app.log')).toBe(false);
    expect(isRotationOf('/w/app.log.1', '/v/app.log')).toBe(false);
  });
});
