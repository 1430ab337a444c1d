/** Where the language host begins: what makes the program quicker comes before all that it is made of. */
import "./config/lazy-arborist";
import "./config/promise-traces";

export * from "./index";
