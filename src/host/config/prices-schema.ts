/** The tables [prices."provider/model"] of config.toml: what a model costs here, in USD per million tokens. */
import * as z from 'zod';

const perMillion = z.number().min(0).max(100_000);

export const pricesSchema = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]*\/\S+$/, 'expected the full name of a model, as in [prices."provider/model"]'),
    z.strictObject({
      input: perMillion,
      output: perMillion,
      /** Of the prompt, what came from the provider's cache; as the rest of it where nothing is said. */
      cache_read: perMillion.optional(),
      cache_write: perMillion.optional(),
    }),
  )
  .default({});
