import { mount } from "svelte";
import "../base.css";
import City from "./City.svelte";

mount(City, { target: document.getElementById("app")! });
