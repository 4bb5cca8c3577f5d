using System.ComponentModel;
using System.Diagnostics;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Ranks on systems without POSIX process groups: plain <see cref="Process"/>, a reading thread per stream.</summary>
/// <remarks>Every signal ends the process tree here, and a launcher that is killed outright leaves ranks behind.</remarks>
internal sealed class ManagedRankHost(RankHostOptions options) : IRankHost
{
    private readonly Lock _gate = new();
    private readonly OutputWriter _writer = new(
        options.Style,
        bytes => TryWrite(Console.OpenStandardOutput(), bytes),
        bytes => TryWrite(Console.OpenStandardError(), bytes),
        TimeProvider.System);

    private readonly List<Thread> _readers = [];

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
        Read(process.StandardOutput.BaseStream, new RankStream(false, options.Style.TagOf(rank, false), options.Files.Open(rank, "out")));
        Read(process.StandardError.BaseStream, new RankStream(true, options.Style.TagOf(rank, false), options.Files.Open(rank, "err")));
        return new ManagedRank(process);
    }

    public void Say(string text)
    {
        lock (_gate)
        {
            _writer.Say(text);
            _writer.Flush();
        }
    }

    public IReadOnlyList<int> LeftBehind() => [];

    public void Signal(int process, int signal)
    {
    }

    public bool FinishOutput(TimeSpan patience) => _readers.TrueForAll(reader => reader.Join(patience));

    public void Dispose()
    {
    }

    private void Read(Stream source, RankStream stream)
    {
        Thread reader = new(() =>
        {
            byte[] chunk = new byte[64 * 1024];
            int count;
            while ((count = source.Read(chunk)) > 0)
            {
                lock (_gate)
                {
                    _writer.Accept(stream, chunk.AsSpan(0, count));
                    _writer.Flush();
                    if (_writer.OutputClosed)
                        options.OutputClosed();
                }
            }

            lock (_gate)
            {
                _writer.End(stream);
                _writer.Flush();
            }
        })
        { IsBackground = true };
        _readers.Add(reader);
        reader.Start();
    }

    private static bool TryWrite(Stream sink, ReadOnlySpan<byte> bytes)
    {
        try
        {
            sink.Write(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

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
