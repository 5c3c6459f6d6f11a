/** Which tools of VS Code are Animus's own: an agent has those already. */
import * as z from 'zod';

const manifest = z.object({
  contributes: z.object({ languageModelTools: z.array(z.object({ name: z.string() })) }),
});

/** Those of its package.json, and those that it brings as a server of the Model Context Protocol. */
export function ownToolsOf(packageJson: unknown): (name: string) => boolean {
  const named = manifest.safeParse(packageJson).data?.contributes.languageModelTools.map(({ name }) => name) ?? [];
  return (name) => named.includes(name) || /^(?:mcp_)?animus_/i.test(name);
}
