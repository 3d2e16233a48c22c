import { Box, Text } from 'ink';
import type { Progress } from '../experiment/progress.ts';
import { formatRunFrame } from './run/frame.ts';
import type { Theme } from './theme.ts';

export interface RunViewProps {
  readonly progress: Progress;
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
  /** ms since the run's start. */
  readonly nowMs: number;
}

/** The live progress of a run: a block of at most 22 lines that fits the terminal. One finished text a line is what Ink draws fastest. */
export function RunView({ progress, columns, rows, theme, nowMs }: RunViewProps) {
  const lines = formatRunFrame(progress, { columns, rows, theme, nowMs });
  return (
    <Box flexDirection="column">
      {lines.map((line, at) => (
        <Text key={at} wrap="truncate">
          {line === '' ? ' ' : line}
        </Text>
      ))}
    </Box>
  );
}
