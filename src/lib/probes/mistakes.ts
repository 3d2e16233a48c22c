import type { z } from 'zod';

/** Every mistake that a schema found, one sentence each: `expect.body: unknown key "contain"`. `part` is the name of what was checked. */
export function describeMistakes(error: z.ZodError, part: string): string[] {
  return error.issues.map((issue) => {
    const place = [part, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') {
      return `${place}: unknown ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    }
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return `${place}: ${isMissing ? 'is missing' : issue.message}`;
  });
}
