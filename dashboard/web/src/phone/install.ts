/** Lets the phone keep the pages of residents, so that they open without a network; the browser offers to install. */
export function install(): void {
  navigator.serviceWorker?.register("/phone-worker.js", { scope: "/phone" }).catch(() => undefined);
}
