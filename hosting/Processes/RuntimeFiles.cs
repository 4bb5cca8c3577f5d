using System.Globalization;

namespace BoxerMpi.Processes;

/// <summary>The files by which debuggers and tracers find a .NET process: its runtime makes them, and leaves them when the process is killed.</summary>
/// <remarks>
/// Their names hold the process and its start on the kernel's clock, so they are never another one's. Linux only.
/// dotnet/runtime: docs/design/features/debugger-transport-pipes and diagnostics/ipc-protocol, "Transport".
/// </remarks>
/// <param name="Folder">Where the process has its temporary files.</param>
/// <param name="Key">Process and start, as in the names.</param>
internal sealed record RuntimeFiles(string Folder, string Key)
{
    private const string Variable = "TMPDIR", StandardFolder = "/tmp";

    /// <summary>This process's own.</summary>
    public static RuntimeFiles? Own { get; } = Of(Environment.ProcessId, Environment.GetEnvironmentVariable(Variable));

    public IEnumerable<string> Paths => ((string[])[$"clr-debug-pipe-{Key}-in", $"clr-debug-pipe-{Key}-out", $"dotnet-diagnostic-{Key}-socket"])
        .Select(name => Path.Combine(Folder, name));

    /// <summary>Those of a process that has just been started; null where they are not known.</summary>
    public static RuntimeFiles? Of(int process, IReadOnlyDictionary<string, string> environment) =>
        Of(process, environment.GetValueOrDefault(Variable));

    /// <summary>Removes what the process has left; it has ended.</summary>
    public void Remove()
    {
        foreach (string path in Paths)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The folder is gone, or another user's: there is nothing of ours.
            }
        }
    }

    private static RuntimeFiles? Of(int process, string? folder) => ProcessTable.StartTicks(process) is { } start
        ? new RuntimeFiles(folder is { Length: > 0 } ? folder : StandardFolder, string.Create(CultureInfo.InvariantCulture, $"{process}-{start}"))
        : null;
}
