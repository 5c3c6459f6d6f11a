/** The table [web] of config.toml: where agents may look besides the public internet. */
import * as z from 'zod';

const MOST_HOSTS = 200;

/** A name or an address, with a port or without; IPv6 in brackets. Nothing in it stands for several hosts. */
const host = z
  .string()
  .max(300)
  .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/, {
    error: 'expected a host as docs.corp or docs.corp:8443, an IPv6 address in brackets; no scheme, path or *',
    abort: true,
  })
  .refine(
    (text) => URL.canParse(`http://${text}/`),
    'expected a host that exists in addresses, and a port below 65536',
  );

export const webSchema = z
  .strictObject({
    /** Hosts that web_fetch may reach although they are of a private network. Only a person's own file says it. */
    allow_private: z.array(host).max(MOST_HOSTS).default([]),
  })
  .prefault({});
