using BoxerMpi.Launching.Programs;

namespace BoxerMpi.Launcher.Options;

/// <summary>How to start this launcher once more, for the parts of it that are processes of their own.</summary>
internal static class ThisProgram
{
    /// <summary>The verb of a lab's relay.</summary>
    public const string RelayVerb = "natlab-relay";

    // Started as "dotnet boxer.dll", the process is dotnet's; within tests it is the tests'.
    public static string Path { get; } = Environment.ProcessPath is { } path && System.IO.Path.GetFileNameWithoutExtension(path) == "boxer"
        ? path
        : System.IO.Path.Combine(AppContext.BaseDirectory, "boxer.dll");

    /// <summary>Program and arguments of a lab's relay.</summary>
    public static IReadOnlyList<string> Relay
    {
        get
        {
            RankCommand self = ProgramLocator.Locate(Path, nativeAot: false, "Release", verbose: false);
            return [self.File, .. self.Arguments, RelayVerb];
        }
    }
}
