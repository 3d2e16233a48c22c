/** `npm run docs`: writes what the documentation takes from the code. */
import { join } from 'node:path';
import { packageRoot } from '../../runtime/entry.ts';
import { writeText } from '../../runtime/files.ts';
import { createDocs } from '../docs.ts';

for (const { path, text } of createDocs()) writeText(join(packageRoot(), path), text);
