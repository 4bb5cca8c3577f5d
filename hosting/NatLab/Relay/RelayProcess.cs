using System.Collections;
using System.Text;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Relay;

/// <summary>The relay of a lab of this process: ends with it, because the pipe to it closes then.</summary>
internal sealed class RelayProcess : IDisposable
{
    // A .NET program starts in a tenth of a second; this machine may be very busy.
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Pipe? _lifeline;
    private readonly PosixChild _child;
    private readonly ManualResetEventSlim _ended = new();
    private readonly TaskCompletionSource<string> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDisposed;

    private RelayProcess(Pipe? lifeline, int id)
    {
        _lifeline = lifeline;
        _child = new PosixChild(id, OnEnd);
    }

    /// <summary>Completes with the reason when it ends before it is told to.</summary>
    public Task<string> Broken => _broken.Task;

    /// <summary>Starts it in the router's namespace and waits until it forwards.</summary>
    /// <param name="net">The router's namespace.</param>
    /// <param name="plan">The lab.</param>
    /// <param name="pinned">Whether the lab, and so the relay, stays when this process ends.</param>
    /// <exception cref="LabException">It does not come up.</exception>
    public static RelayProcess Start(NetworkNamespace net, LabPlan plan, bool pinned)
    {
        IReadOnlyList<string> program = plan.Options.RelayProgram;
        if (program.Count == 0)
            throw new ArgumentException("A lab that delays or loses packets needs a program for its relay.", nameof(plan));
        Pipe? lifeline = pinned ? null : Pipe.Create();
        using Pipe output = Pipe.Create();
        Dictionary<string, string> environment = Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");
        RelayProcess started;
        try
        {
            int id = PosixSpawner.Spawn(new SpawnRequest(program[0], [.. program.Skip(1), .. LabRelay.Settings(plan, !pinned)])
            {
                Environment = environment,
                WorkingDirectory = "/",
                Network = net,
                StandardInput = lifeline?.ReadEnd,
                StandardOutput = output.WriteEnd,
            });
            started = new RelayProcess(lifeline, id);
        }
        catch
        {
            lifeline?.Dispose();
            throw;
        }

        lifeline?.CloseReadEnd();
        output.CloseWriteEnd();
        string said = ReadLine(output.ReadEnd);
        if (said == LabRelay.Ready)
            return started;

        started.Dispose();
        throw new LabException($"the lab's relay, which delays and loses packets, does not come up: {said}", "without --delay and --loss the kernel forwards packets itself");
    }

    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        if (_lifeline is null)
            _ = _child.SignalGroup(NativeMethods.SigTerm);
        _lifeline?.Dispose();
        if (!_ended.Wait(Patience))
            _ = _child.SignalGroup(NativeMethods.SigKill);
        if (_ended.Wait(Patience))
            _ = _child.Reap();
    }

    private void OnEnd(ExitStatus status)
    {
        if (!Volatile.Read(ref _isDisposed))
        {
            _broken.TrySetResult(
                $"the lab's relay, which delays and loses packets, {(status.Signal > 0 ? $"was killed by {SignalNames.Of(status.Signal)}" : $"exited with code {status.ExitCode}")}; "
                + "the ranks do not reach each other any more");
        }

        _ended.Set();
    }

    /// <summary>The first line, or what there is of it when the other end is closed or nothing comes for too long.</summary>
    private static unsafe string ReadLine(int descriptor)
    {
        StringBuilder line = new();
        byte[] chunk = new byte[512];
        while (true)
        {
            NativeMethods.PollDescriptor waiting = new() { Descriptor = descriptor, Events = NativeMethods.PollIn };
            if (NativeMethods.Poll(&waiting, 1, (int)StartPatience.TotalMilliseconds) == 0)
                return $"{line.ToString().Trim()} (silent for {StartPatience.TotalSeconds:0} s)";
            int count = Pipe.Read(descriptor, chunk);
            line.Append(Encoding.UTF8.GetString(chunk, 0, count));
            if (count == 0 || line[^1] == '\n')
                return line.ToString().Trim();
        }
    }
}
