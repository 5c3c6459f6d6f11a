/** The one door of a webview to the extension. It can be opened once in a page. */
export type VsCodeApi<Outgoing, State> = {
  postMessage(message: Outgoing): void;
  getState(): State | undefined;
  setState(state: State): void;
};

declare function acquireVsCodeApi(): VsCodeApi<unknown, unknown>;

export function openVsCodeApi<Outgoing, State>(): VsCodeApi<Outgoing, State> {
  return acquireVsCodeApi() as VsCodeApi<Outgoing, State>;
}
