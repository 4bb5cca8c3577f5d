namespace BoxerMpi.Launcher.Programs;

/// <summary>How to start this launcher once more, for the parts of it that are processes of their own.</summary>
internal static class ThisProgram
{
    // Started as "dotnet boxer.dll", the process is dotnet's; within tests it is the tests'.
    public static string Path { get; } = Environment.ProcessPath is { } path && System.IO.Path.GetFileNameWithoutExtension(path) == "boxer"
        ? path
        : System.IO.Path.Combine(AppContext.BaseDirectory, "boxer.dll");
}
