import "../base.css";
import "../handheld.css";
import "./missing.css";
import { scheme } from "../parts/scheme.svelte.ts";

scheme.show();

/** Whoever followed a link of ours goes back to the page that has it; whoever typed the address has nothing behind. */
const back = document.querySelector<HTMLAnchorElement>("#back");
if (back && document.referrer.startsWith(`${location.origin}/`)) {
  back.href = document.referrer;
  back.hidden = false;
}
