using BoxerMpi.Launcher;

return BoxerCommand.Run(args);
