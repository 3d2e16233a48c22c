import { posix } from 'node:path';
import ts from 'typescript';
import type { Tree } from './tree.ts';

/** One import, export-from, dynamic import() or import type in a file. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** The file of the tree that it means; undefined for packages. */
  readonly to: string | undefined;
  /** Gone after the types are: `import type`, `import('…').Type`. */
  readonly isType: boolean;
  readonly isDynamic: boolean;
}

/** Every import of every TypeScript file below a folder. */
export function importsOf(tree: Tree, folder = 'src/'): Import[] {
  return [...tree]
    .filter(([path]) => path.startsWith(folder) && /\.tsx?$/.test(path))
    .flatMap(([path, text]) => importsInFile(path, text));
}

export function importsInFile(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isType: boolean, isDynamic: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const { line } = file.getLineAndCharacterOfPosition(specifier.getStart(file));
    const to = specifier.text.startsWith('.') ? posix.join(posix.dirname(path), specifier.text) : undefined;
    found.push({ from: path, line: line + 1, specifier: specifier.text, to, isType, isDynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node), false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true, false);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** `import type {…}`, and `import { type A, type B }` with nothing else. */
function isTypeImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  if (clause.name || !named || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}
