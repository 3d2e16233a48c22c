import { describe, expect, it } from 'vitest';
import { scenarioKinds } from '../../../src/lib/app/open-scenario.ts';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { parseProxyFile } from '../../../src/lib/scenario/proxy-file.ts';

const parse = (text: string) =>
  parseProxyFile(text, { file: 'f.yaml', directory: '/', kinds: scenarioKinds(), env: {}, vars: {} });

describe('a service without endpoints', () => {
  it('is one that endpoints may join by the API', () => {
    const { services } = parse('version: 1\napi: 8475\nservices: { a: { listen: "b:1", balance: round_robin } }');
    expect(services.a?.endpoints).toEqual([]);
  });

  it.each([
    [
      'services: { a: { listen: "b:1", balance: round_robin } }',
      'service a has no "endpoints": write where its instances listen, or set "api" where they register',
    ],
    [
      'api: 8475\nservices: { a: { listen: "b:1" } }',
      'service a has no "endpoints", and nothing lets any join: give it "balance: round_robin"',
    ],
  ])('is a mistake otherwise: %s', (text, mistake) => {
    const thrown = (() => {
      try {
        return parse(`version: 1\n${text}`);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(AppError);
    expect((thrown as AppError).details).toEqual([expect.stringContaining(mistake)]);
  });
});
