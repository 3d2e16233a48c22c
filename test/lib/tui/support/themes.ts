import { createTheme } from '../../../../src/lib/tui/theme.ts';

export const UNICODE = createTheme({ colour: false, ascii: false });
export const ASCII = createTheme({ colour: false, ascii: true });
export const COLOURED = createTheme({ colour: true, ascii: false });
