using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends a block to the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's block; of the same length on every rank.</param>
    /// <param name="receive">
    /// At the root <c>Size</c> blocks, block i from rank i; ignored elsewhere. May not overlap <paramref name="send"/>.
    /// </param>
    /// <param name="root">The rank that gets the blocks.</param>
    /// <remarks>Collective. MPI 4.1 §6.5.</remarks>
    /// <exception cref="ArgumentException">The receive buffer does not hold one block for each rank, or overlaps.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void Gather<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, int root = 0)
        where T : unmanaged => Run(communicator, GatherKey(communicator, send, receive, root), send, receive);

    /// <inheritdoc cref="Gather{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static ValueTask GatherAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, int root =
            0, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, GatherKey(communicator, send.Span, receive.Span, root), send, receive, op: null, cancellationToken);

    /// <summary>Every rank sends a value to the root.</summary>
    /// <returns>At the root the value of each rank, elsewhere nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such root.</exception>
    public static T[] Gather<T>(this Communicator communicator, T value, int root = 0)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = communicator.Rank == root ? new T[communicator.Size] : [];
        communicator.Gather(new ReadOnlySpan<T>(in value), values, root);
        return values;
    }

    /// <summary>Every rank sends a block of its own length to the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's block.</param>
    /// <param name="receive">At the root, where the blocks go; ignored elsewhere. May not overlap <paramref name="send"/>.</param>
    /// <param name="layout">At the root, where the block of each rank goes; ignored elsewhere, where it may be null.</param>
    /// <param name="root">The rank that gets the blocks.</param>
    /// <remarks>Collective. MPI 4.1 §6.5.</remarks>
    /// <exception cref="ArgumentException">The layout does not fit the communicator, the receive buffer or this rank's block.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void GatherV<T>(
        this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout? layout, int root = 0)
        where T : unmanaged => Run(communicator, GatherVKey(communicator, send, receive, layout, root), send, receive);

    /// <inheritdoc cref="GatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout?, int)"/>
    public static ValueTask GatherVAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        BlockLayout? layout,
        int root = 0,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, GatherVKey(communicator, send.Span, receive.Span, layout, root), send, receive, op: null, cancellationToken);

    private static PlanKey GatherKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        if (communicator.Rank == root)
        {
            Arguments.CheckLength(
                communicator, Collective.Gather, nameof(receive), receive.Length, (long)send.Length * communicator.Size,
                "a block for each rank");
            _ = Arguments.AreSame(Collective.Gather, send, receive, mayBeSame: communicator.Size == 1);
        }

        return Key<T>(Collective.Gather, send.Length) with { Root = root };
    }

    private static PlanKey GatherVKey<T>(
        Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout? layout, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        bool isRoot = communicator.Rank == root;
        if (isRoot)
        {
            Arguments.CheckTarget(communicator, Collective.GatherV, nameof(layout), layout!, nameof(receive), receive.Length);
            Arguments.CheckLength(
                communicator, Collective.GatherV, nameof(send), send.Length, layout!.Count(root), "this rank's count in the layout");
            _ = Arguments.AreSame(Collective.GatherV, send, receive, mayBeSame: false);
        }

        return Key<T>(Collective.GatherV, send.Length) with { Root = root, ReceiveLayout = isRoot ? layout : null };
    }
}
