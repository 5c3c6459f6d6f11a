/** What stands for a database where it is compared or shown: never its user or password. */
export function databaseLabel(url: string | null): string {
  if (url === null) return 'embedded';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}${port ? `:${port}` : ''}${pathname}`;
}
