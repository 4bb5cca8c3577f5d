namespace BoxerMpi.Schedules;

/// <summary>What one rank does in a collective: rounds of messages that may be in flight together, each followed by local steps.</summary>
/// <remarks>
/// Immutable, and free of buffers, sockets and tasks. Messages between two ranks match in the order in which both sides list them,
/// so rounds of different ranks need not line up. Edges and costs are counted from the steps.
/// </remarks>
internal sealed class Schedule
{
    private readonly Step[] _steps;
    private readonly Round[] _rounds;

    internal Schedule(int rank, int size, Step[] steps, Round[] rounds, long scratchBytes)
    {
        Rank = rank;
        Size = size;
        ScratchBytes = scratchBytes;
        _steps = steps;
        _rounds = rounds;
        foreach (ref readonly Step step in steps.AsSpan())
        {
            switch (step.Kind)
            {
                case StepKind.Send:
                    MessagesSent++;
                    BytesSent += step.Source.Length;
                    break;
                case StepKind.Receive:
                    MessagesReceived++;
                    BytesReceived += step.Target.Length;
                    break;
                case StepKind.Copy:
                    BytesCopied += step.Source.Length * step.Count;
                    break;
                default:
                    BytesReduced += step.Source.Length;
                    break;
            }
        }
    }

    public int Rank { get; }

    public int Size { get; }

    /// <summary>Scratch memory that the executor must provide.</summary>
    public long ScratchBytes { get; }

    public ReadOnlySpan<Round> Rounds => _rounds;

    /// <summary>Every step, round by round: receives, sends, local steps.</summary>
    public ReadOnlySpan<Step> Steps => _steps;

    public int MessagesSent { get; }

    public int MessagesReceived { get; }

    public long BytesSent { get; }

    public long BytesReceived { get; }

    public long BytesCopied { get; }

    public long BytesReduced { get; }

    public ReadOnlySpan<Step> Receives(in Round round) => _steps.AsSpan(round.First, round.Receives);

    public ReadOnlySpan<Step> Sends(in Round round) => _steps.AsSpan(round.First + round.Receives, round.Sends);

    public ReadOnlySpan<Step> Locals(in Round round) => _steps.AsSpan(round.First + round.Posts, round.Locals);

    /// <summary>The ranks that this schedule needs a link to, ascending.</summary>
    public int[] Edges()
    {
        SortedSet<int> peers = [];
        foreach (ref readonly Step step in _steps.AsSpan())
        {
            if (step.Peer >= 0)
                peers.Add(step.Peer);
        }

        return [.. peers];
    }
}
