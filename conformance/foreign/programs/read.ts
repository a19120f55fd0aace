// What a user writes to read a line of the results: the type narrows the union, and newer types fall through.
import type { Result } from './contract';

export function text(line: Result): string {
  switch (line.result.type) {
    case 'succeeded': {
      let text = '';
      for (const block of line.result.message.content) {
        if (block.type === 'text') {
          text += block.text.trim();
        }
      }
      return line.result.message.stop_reason === 'max_tokens' ? text + ' (truncated)' : text;
    }
    case 'errored':
      return line.result.error.error.message;
    case 'canceled':
    case 'expired':
      return line.result.type;
    default:
      return 'newer than the contract';
  }
}
