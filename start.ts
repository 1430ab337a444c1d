/** Where the language host begins: what makes the program quicker comes before all that it is made of. */
import "./start/lazy-arborist";
import "./start/promise-traces";

export * from "./index";
