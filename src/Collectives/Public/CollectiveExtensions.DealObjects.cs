using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Collectives;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;
using CommunityToolkit.HighPerformance.Buffers;

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
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T? ScatterObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T?[]? values, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(ScatterObject));
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout? layout = communicator.Rank == root ? SerialiseAll(communicator, values, written) : null;
        ReadOnlySpan<ObjectLength> lengths = LengthsOf(layout);
        Span<ObjectLength> length = [default];
        steps.Run(ScatterKey(communicator, lengths, length, root), lengths, length);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length[0], root));
        steps.Run(ScatterVKey(communicator, written.WrittenSpan, layout, bytes.Span, root), written.WrittenSpan, bytes.Span);
        return ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <inheritdoc cref="ScatterObject{T}(Communicator, T[], int)"/>
    public static async ValueTask<T?> ScatterObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T?[]? values, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(ScatterObject));
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout? layout = communicator.Rank == root ? SerialiseAll(communicator, values, written) : null;
        ObjectLength[] lengths = LengthsOf(layout);
        ObjectLength[] length = new ObjectLength[1];
        PlanKey key = ScatterKey<ObjectLength>(communicator, lengths, length, root);
        await steps.RunAsync<ObjectLength>(key, lengths, length, cancellationToken).ConfigureAwait(false);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length[0], root));
        key = ScatterVKey(communicator, written.WrittenSpan, layout, bytes.Span, root);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <summary>Every rank sends an object to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">An object for each rank that MemoryPack can serialise.</param>
    /// <returns>The object from each rank; from this rank itself a copy.</returns>
    /// <exception cref="ArgumentException">There is not one object for each rank.</exception>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects that a rank sends or gets are longer than 2 GiB together.</exception>
    public static T?[] AllToAllObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T?[] values)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(AllToAllObject));
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout sends = SerialiseAll(communicator, values, written);
        ReadOnlySpan<ObjectLength> own = LengthsOf(sends);
        ObjectLength[] lengths = new ObjectLength[communicator.Size];
        steps.Run(AllToAllKey(communicator, own, lengths), own, lengths);
        BlockLayout receives = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)receives.Total);
        steps.Run(AllToAllVKey(communicator, written.WrittenSpan, sends, bytes.Span, receives), written.WrittenSpan, bytes.Span);
        return DeserialiseAll<T>(communicator, bytes.Span, receives);
    }

    /// <inheritdoc cref="AllToAllObject{T}(Communicator, T[])"/>
    public static async ValueTask<T?[]> AllToAllObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T?[] values, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = new(communicator, nameof(AllToAllObject));
        using ArrayPoolBufferWriter<byte> written = new();
        BlockLayout sends = SerialiseAll(communicator, values, written);
        ObjectLength[] own = LengthsOf(sends);
        ObjectLength[] lengths = new ObjectLength[communicator.Size];
        PlanKey key = AllToAllKey<ObjectLength>(communicator, own, lengths);
        await steps.RunAsync<ObjectLength>(key, own, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout receives = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)receives.Total);
        key = AllToAllVKey(communicator, written.WrittenSpan, sends, bytes.Span, receives);
        await steps.RunAsync(key, written.WrittenMemory, bytes.Memory, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(communicator, bytes.Span, receives);
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
            ObjectFormat.Write(written, values[rank]);
            lengths[rank] = written.WrittenCount - before;
        }

        return BlockLayout.FromCounts(lengths);
    }

    private static ObjectLength[] LengthsOf(BlockLayout? layout) =>
        layout is null ? [] : Array.ConvertAll(layout.Counts.ToArray(), count => ObjectLength.Of((int)count));
}
