import { main } from "./run";

void main(process.argv.slice(2));
