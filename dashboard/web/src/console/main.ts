import { mount } from "svelte";
import "../base.css";
import Console from "./Console.svelte";

mount(Console, { target: document.getElementById("app")! });
