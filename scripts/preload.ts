import { patchPlanner } from "./patch-planner.ts";

// What runs from its source is what is compiled.
void Bun.plugin(patchPlanner);
