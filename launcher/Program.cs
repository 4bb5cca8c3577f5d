using BoxerMpi.Launcher.Commands;

return BoxerCommand.Run(args);
