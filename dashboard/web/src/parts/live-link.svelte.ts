/**
 * The live feed of a page of staff. It is opened as soon as somebody is logged in, while the map is still on its
 * way: what it brings is there when the map can draw it.
 */
import { liveUrl } from "../api/http.ts";
import type { Config } from "../api/types.ts";
import { StaffFeed, type Topic, type View } from "../live/feed.ts";
import type { LinkStatus } from "../live/socket.ts";
import { session } from "./session.svelte.ts";

export class LiveLink {
  status = $state.raw<LinkStatus>({ kind: "connecting" });
  readonly feed: StaffFeed;

  /** `view` is what is looked at until a map says so; without it the city is sent whole. */
  constructor(topics: readonly Topic[], view?: View) {
    this.feed = new StaffFeed(
      liveUrl("/api/live"),
      (status) => {
        this.status = status;
        if (status.kind === "refused" && status.code === 4401) session.ended();
      },
      topics,
      view,
    );
  }

  /** Takes the city's time and rate, but not the time when a frame brought a newer one. */
  begin(config: Config): void {
    const { clock, heardAtMs } = this.feed;
    const now = Date.now();
    clock.set(heardAtMs < 0 ? config.cityTimeMs : clock.at(now), config.rate, now);
  }
}

/** The link of a page as long as somebody may look; made with the page's component. */
export class LinkWhileAllowed {
  now = $state.raw<LiveLink | undefined>(undefined);

  /** `topics` are what is asked for, undefined while nobody may look. */
  constructor(topics: () => readonly Topic[] | undefined, view?: View) {
    $effect(() => {
      const wanted = topics();
      if (!wanted) return;
      const link = new LiveLink(wanted, view);
      link.feed.start();
      this.now = link;
      return () => {
        link.feed.stop();
        this.now = undefined;
      };
    });
  }
}
