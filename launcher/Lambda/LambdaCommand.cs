using System.CommandLine;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda</c>: what has to do with AWS Lambda and the local stand-in for it.</summary>
internal sealed class LambdaCommand : Command
{
    public LambdaCommand()
        : base("lambda", "AWS Lambda: programs as functions, and a local service that AWS's own clients accept")
    {
        Add(new ServeCommand());
        Add(new DeployCommand());
        Add(new ListCommand());
        Add(new RemoveCommand());
    }
}
