import { runLoadGenerator } from '../../experiment/load-generator.ts';

// A thread that sends the scenario's load at its rate, undisturbed by what the main thread does.
runLoadGenerator();
