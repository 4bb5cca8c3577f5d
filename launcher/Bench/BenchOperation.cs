using BoxerMpi.Schedules;


namespace BoxerMpi.Launcher.Bench;

/// <summary>One operation: its buffers, and the three steps of an iteration. Only <see cref="Call"/> is timed.</summary>
/// <param name="Name">As on the command line and in the results.</param>
/// <param name="Pair">Point-to-point: ranks 0 and 1 take part and rank 0 keeps the time.</param>
/// <param name="ElementBytes">The size must be a multiple of this.</param>
/// <param name="SendBytes">Length of the send buffer from (bytes, ranks).</param>
/// <param name="ReceiveBytes">Length of the receive buffer from (bytes, ranks).</param>
/// <param name="Fill">Writes the pattern into the send buffer.</param>
/// <param name="Call">The timed call.</param>
/// <param name="Check">Throws if what arrived is not the pattern.</param>
internal sealed record BenchOperation(
    string Name,
    bool Pair,
    int ElementBytes,
    Func<long, int, long> SendBytes,
    Func<long, int, long> ReceiveBytes,
    Action<BenchBuffers> Fill,
    Action<BenchBuffers> Call,
    Action<BenchBuffers> Check)
{
    /// <summary>The plan of the call as rank 0 makes it, for the name of its algorithm; null for point-to-point.</summary>
    public Func<BenchBuffers, PlanKey>? Plan { get; init; }

    /// <summary>The communicator that the call is made on.</summary>
    public Func<BenchBuffers, Communicator> On { get; init; } = buffers => buffers.World;

    /// <summary>The size means nothing (barrier): it is measured once, as 0 bytes.</summary>
    public bool HasNoData => SendBytes(1, 1) == 0;
}

/// <summary>One rank's buffers of one measurement.</summary>
internal sealed class BenchBuffers : IDisposable
{
    private CartesianCommunicator? _box;

    public BenchBuffers(Communicator world, BenchOperation operation, int bytes)
    {
        World = world;
        Bytes = bytes;
        // Zeroed, so every page has been touched before the first timed call.
        Send = new byte[operation.SendBytes(bytes, world.Size)];
        Receive = new byte[operation.ReceiveBytes(bytes, world.Size)];
        Blocks = BlockLayout.Uniform(world.Size, bytes / operation.ElementBytes);
        Halos = BlockLayout.Uniform(BenchOperations.Neighbours, bytes);
    }

    public Communicator World { get; }
    public int Rank => World.Rank;
    public int Size => World.Size;
    public int Bytes { get; }
    public byte[] Send { get; }
    public byte[] Receive { get; }

    /// <summary>A block of the size for each rank, in elements.</summary>
    public BlockLayout Blocks { get; }

    /// <summary>A block of the size for each neighbour.</summary>
    public BlockLayout Halos { get; }

    /// <summary>All ranks as a periodic box: everybody has neighbours on all sides. Made, without a message, when it is needed.</summary>
    public CartesianCommunicator Box => _box ??= World.CreateCartesian(BenchOperations.Dimensions, periodic: true);

    public byte[] Acknowledgement { get; } = new byte[1];
    public Request[] Requests { get; } = new Request[BenchOperations.Window];

    public void Dispose() => _box?.Dispose();
}
