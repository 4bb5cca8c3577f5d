using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>The root sends a block to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">At the root <c>Size</c> blocks, block i for rank i; ignored elsewhere.</param>
    /// <param name="receive">This rank's block; of the same length on every rank. May not overlap <paramref name="send"/>.</param>
    /// <param name="root">The rank that has the blocks.</param>
    /// <remarks>Collective. MPI 4.1 §6.6.</remarks>
    /// <exception cref="ArgumentException">The send buffer does not hold one block for each rank, or overlaps.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before the block arrived.</exception>
    public static void Scatter<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, int root = 0)
        where T : unmanaged => Run(communicator, ScatterKey(communicator, send, receive, root), send, receive);

    /// <inheritdoc cref="Scatter{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static ValueTask ScatterAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, int root =
            0, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, ScatterKey(communicator, send.Span, receive.Span, root), send, receive, op: null, cancellationToken);

    /// <summary>The root sends a block of its own length to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">At the root, where the blocks are; ignored elsewhere.</param>
    /// <param name="layout">At the root, where the block for each rank is; ignored elsewhere, where it may be null.</param>
    /// <param name="receive">This rank's block. May not overlap <paramref name="send"/>.</param>
    /// <param name="root">The rank that has the blocks.</param>
    /// <remarks>Collective. MPI 4.1 §6.6.</remarks>
    /// <exception cref="ArgumentException">The layout does not fit the communicator, the send buffer or this rank's block.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before the block arrived.</exception>
    public static void ScatterV<T>(
        this Communicator communicator, ReadOnlySpan<T> send, BlockLayout? layout, Span<T> receive, int root = 0)
        where T : unmanaged => Run(communicator, ScatterVKey(communicator, send, layout, receive, root), send, receive);

    /// <inheritdoc cref="ScatterV{T}(Communicator, ReadOnlySpan{T}, BlockLayout?, Span{T}, int)"/>
    public static ValueTask ScatterVAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        BlockLayout? layout,
        Memory<T> receive,
        int root = 0,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(
            communicator, ScatterVKey(communicator, send.Span, layout, receive.Span, root), send, receive, op: null, cancellationToken);

    private static PlanKey ScatterKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        if (communicator.Rank == root)
        {
            Arguments.CheckLength(
                communicator, Collective.Scatter, nameof(send), send.Length, (long)receive.Length * communicator.Size,
                "a block for each rank");
            _ = Arguments.AreSame(Collective.Scatter, send, receive, mayBeSame: communicator.Size == 1);
        }

        return Key<T>(Collective.Scatter, receive.Length) with { Root = root };
    }

    private static PlanKey ScatterVKey<T>(
        Communicator communicator, ReadOnlySpan<T> send, BlockLayout? layout, Span<T> receive, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        bool isRoot = communicator.Rank == root;
        if (isRoot)
        {
            Arguments.CheckLayout(communicator, Collective.ScatterV, nameof(layout), layout!, nameof(send), send.Length);
            Arguments.CheckLength(
                communicator, Collective.ScatterV, nameof(receive), receive.Length, layout!.Count(root), "this rank's count in the layout");
            _ = Arguments.AreSame(Collective.ScatterV, send, receive, mayBeSame: false);
        }

        return Key<T>(Collective.ScatterV, receive.Length) with { Root = root, SendLayout = isRoot ? layout : null };
    }
}
