using System.Collections;
using DPT.Engine.Cli;

// Parses, runs, and maps the outcome to an exit code; everything testable is in Application.
var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");
using var signals = new StopSignals(Terminal.ProcessMessages);
return Application.Run(args, new EngineCommands(), Terminal.OfProcess(environment), environment, signals.Token);
