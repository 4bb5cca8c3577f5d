using System.Runtime.CompilerServices;

namespace BoxerMpi.Schedules;

/// <summary>What messages, bytes, folds, copies and links cost: the terms that counts of a schedule are multiplied with.</summary>
/// <remarks>
/// <para>A message of m bytes passes, in this order: the sender's processor (<see cref="ProcessorMessageSeconds"/> + m·<see cref="ProcessorByteSeconds"/>),
/// the sender's network port (<see cref="MessageSeconds"/> + m·<see cref="ByteSeconds"/>), the way (<see cref="LatencySeconds"/>), the receiver's
/// port and its processor (as the sender's). Ports send and receive at once, and each does one message at a time; a message goes through the
/// receiver's port while it still leaves the sender's. A processor does one thing at a time.</para>
/// <para>So one message alone takes α + β·m with α = latency + overhead, and k messages to k peers in one round take
/// latency + k·(overhead + β·m). docs/cost-model.md has the symbols.</para>
/// </remarks>
internal sealed record LinkModel
{
    /// <summary>The name of a built-in model, or what a measured one was called.</summary>
    public required string Name { get; init; }

    /// <summary>ℓ: from the end of one overhead to the begin of the other, however many messages are on the way.</summary>
    public double LatencySeconds { get; init => field = Checked(value); }

    /// <summary>o: how long a message keeps a port busy, bytes aside.</summary>
    public double MessageSeconds { get; init => field = Checked(value); }

    /// <summary>β: one over the bandwidth of a port.</summary>
    public double ByteSeconds { get; init => field = Checked(value); }

    /// <summary>Processor time of each end for a message. Counts where ranks share cores, and against the rank's own other work.</summary>
    public double ProcessorMessageSeconds { get; init => field = Checked(value); }

    /// <summary>Processor time of each end for a byte of a message.</summary>
    public double ProcessorByteSeconds { get; init => field = Checked(value); }

    /// <summary>Processor time to put another rank on a core, for every other rank of that core: each looks in vain for its message.</summary>
    public double SwitchSeconds { get; init => field = Checked(value); }

    /// <summary>γ: processor time to fold a byte.</summary>
    public double ReduceByteSeconds { get; init => field = Checked(value); }

    /// <summary>κ: processor time to copy a byte within memory.</summary>
    public double CopyByteSeconds { get; init => field = Checked(value); }

    /// <summary>Processor time of a copy or fold besides its bytes.</summary>
    public double StepSeconds { get; init => field = Checked(value); }

    /// <summary>s: set-up of one link.</summary>
    public double LinkSetUpSeconds { get; init => field = Checked(value); }

    /// <summary>k: how many links a rank sets up at a time; one starts every s/k.</summary>
    public int LinkSetUpParallel
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(LinkSetUpParallel), value, "it is at least 1");
    } = 1;

    /// <summary>How many links a rank can hold; 0 for no limit. Each takes one of its file descriptors.</summary>
    public int MostLinks { get; init => field = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(MostLinks), value, "it is at least 0"); }

    /// <summary>α: what a message takes that nothing else overlaps, bytes aside.</summary>
    public double AlphaSeconds => LatencySeconds + MessageSeconds + 2 * ProcessorMessageSeconds;

    /// <summary>How long a rank with so many links sets them up. Starts are s/k apart, so that k are under way at a time.</summary>
    public double WireUpSeconds(int links) => links == 0 ? 0 : LinkSetUpSeconds * (1 + (links - 1.0) / LinkSetUpParallel);

    private static double Checked(double value, [CallerMemberName] string name = "") => value >= 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "it is a number of at least 0");
}
