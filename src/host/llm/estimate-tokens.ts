/** The one estimate of tokens where no provider has counted them: four characters each. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

export const CHARACTERS_PER_TOKEN = 4;
