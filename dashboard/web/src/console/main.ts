import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Console from "./Console.svelte";

scheme.show();
await languageReady();
mount(Console, { target: document.getElementById("app")! });
