using System.Diagnostics.CodeAnalysis;
using CommunityToolkit.HighPerformance.Buffers;
using MemoryPack;

namespace BoxerMpi;

// A different object for every rank: their lengths go first, then their bytes.
public static partial class CollectiveExtensions
{
    /// <summary>The root sends an object of its own to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">
    /// At the root an object for each rank that MemoryPack can serialise; ignored elsewhere, where it may be null.
    /// </param>
    /// <param name="root">The rank that has the objects.</param>
    /// <returns>The object for this rank; at the root itself a copy.</returns>
    /// <exception cref="ArgumentException">The root has not one object for each rank.</exception>
    /// <exception cref="WireFormatException">What came is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T? ScatterObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T?[]? values, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout? layout = communicator.Rank == root ? SerialiseAll(communicator, values, written) : null;
        int length = 0;
        communicator.Scatter(LengthsOf(layout), new Span<int>(ref length), root);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(length);
        communicator.ScatterV(written.WrittenSpan, layout, bytes.Span, root);
        return Deserialise<T>(bytes.Span, root);
    }

    /// <inheritdoc cref="ScatterObject{T}(Communicator, T[], int)"/>
    public static async ValueTask<T?> ScatterObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T?[]? values, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout? layout = communicator.Rank == root ? SerialiseAll(communicator, values, written) : null;
        int[] length = new int[1];
        await communicator.ScatterAsync<int>(LengthsOf(layout), length, root, cancellationToken).ConfigureAwait(false);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(length[0]);
        await communicator.ScatterVAsync(written.WrittenMemory, layout, bytes.Memory, root, cancellationToken).ConfigureAwait(false);
        return Deserialise<T>(bytes.Span, root);
    }

    /// <summary>Every rank sends an object to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">An object for each rank that MemoryPack can serialise.</param>
    /// <returns>The object from each rank; from this rank itself a copy.</returns>
    /// <exception cref="ArgumentException">There is not one object for each rank.</exception>
    /// <exception cref="WireFormatException">What came is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects that a rank sends or gets are longer than 2 GiB together.</exception>
    public static T?[] AllToAllObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T?[] values)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout sends = SerialiseAll(communicator, values, written);
        int[] lengths = new int[communicator.Size];
        communicator.AllToAll(LengthsOf(sends), lengths);
        BlockLayout receives = BlockLayout.FromCounts(lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(receives));
        communicator.AllToAllV(written.WrittenSpan, sends, bytes.Span, receives);
        return DeserialiseAll<T>(bytes.Span, receives);
    }

    /// <inheritdoc cref="AllToAllObject{T}(Communicator, T[])"/>
    public static async ValueTask<T?[]> AllToAllObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T?[] values, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout sends = SerialiseAll(communicator, values, written);
        int[] lengths = new int[communicator.Size];
        await communicator.AllToAllAsync<int>(LengthsOf(sends), lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout receives = BlockLayout.FromCounts(lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(receives));
        await communicator.AllToAllVAsync(written.WrittenMemory, sends, bytes.Memory, receives, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(bytes.Span, receives);
    }

    private static BlockLayout SerialiseAll<[DynamicallyAccessedMembers(Serialised)] T>(
        Communicator communicator, T?[]? values, ArrayPoolBufferWriter<byte> written)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != communicator.Size)
        {
            throw new ArgumentException(
                $"There are {values.Length} objects for the {communicator.Size} ranks of \"{communicator.Name}\"; each rank gets one.",
                nameof(values));
        }

        long[] lengths = new long[values.Length];
        for (int rank = 0; rank < values.Length; rank++)
        {
            int before = written.WrittenCount;
            MemoryPackSerializer.Serialize(written, values[rank]);
            lengths[rank] = written.WrittenCount - before;
        }

        return BlockLayout.FromCounts(lengths);
    }

    private static int[] LengthsOf(BlockLayout? layout) =>
        layout is null ? [] : Array.ConvertAll(layout.Counts.ToArray(), count => (int)count);
}
