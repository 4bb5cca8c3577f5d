using System.ComponentModel;
using System.Diagnostics;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Ranks on systems without POSIX process groups: plain <see cref="Process"/>.</summary>
/// <remarks>Every signal ends the process tree here, and a launcher that is killed outright leaves ranks behind.</remarks>
internal sealed class ManagedRankHost(RankHostOptions options) : IRankHost
{
    private readonly StreamOutput _output = new(options.Output);

    public IJobOutput Output => _output;

    public IRankProcess Start(int rank, SpawnRequest request, Action<ExitStatus> exited)
    {
        ProcessStartInfo start = new(request.File, request.Arguments)
        {
            WorkingDirectory = request.WorkingDirectory ?? "",
            RedirectStandardInput = !(options.Input.All || options.Input.Rank == rank),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in request.Environment)
            start.Environment[name] = value;

        Process process = new() { StartInfo = start, EnableRaisingEvents = true };
        process.Exited += (_, _) => exited(new ExitStatus(process.ExitCode, 0));
        try
        {
            process.Start();
        }
        catch (Win32Exception failure)
        {
            throw new LaunchException($"Cannot start {request.File}: {failure.Message}.");
        }

        if (start.RedirectStandardInput)
            process.StandardInput.Close();
        _output.Add(rank, process.StandardOutput.BaseStream, process.StandardError.BaseStream);
        return new ManagedRank(process);
    }

    public IReadOnlyList<int> LeftBehind() => [];

    public void Signal(int process, int signal)
    {
    }

    public void Dispose() => _output.Dispose();

    private sealed class ManagedRank(Process process) : IRankProcess
    {
        public int? Id => process.Id;

        public string Name => $"pid {process.Id}";

        public void Signal(int signal)
        {
            try
            {
                process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // It has ended already.
            }
        }

        public ResourceUsage? Reap() => new(process.PeakWorkingSet64, process.UserProcessorTime, process.PrivilegedProcessorTime);
    }
}
