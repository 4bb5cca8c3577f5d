using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Internal;
using CommunityToolkit.HighPerformance.Buffers;

namespace BoxerMpi;

public partial class Communicator
{
    /// <summary>Sends any object that MemoryPack can serialise.</summary>
    /// <param name="value">The object.</param>
    /// <param name="destination">Rank that receives it.</param>
    /// <param name="tag">Zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such rank, or a negative tag.</exception>
    public void SendObject<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(T? value, int destination, int tag = 0)
    {
        CheckSend(destination, tag);
        using ArrayPoolBufferWriter<byte> writer = new();
        ObjectFormat.Write(writer, value);
        Send(writer.WrittenSpan, destination, tag);
    }

    /// <summary>Starts sending any object that MemoryPack can serialise.</summary>
    /// <param name="value">The object; serialised before the call returns.</param>
    /// <param name="destination">Rank that receives it.</param>
    /// <param name="tag">Zero or more.</param>
    /// <param name="cancellationToken">Withdraws the send, unless its message leaves or the receiver has matched it.</param>
    public async ValueTask SendObjectAsync<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(
        T? value,
        int destination,
        int tag = 0,
        CancellationToken cancellationToken = default)
    {
        CheckSend(destination, tag);
        using ArrayPoolBufferWriter<byte> writer = new();
        ObjectFormat.Write(writer, value);
        await SendAsync(writer.WrittenMemory, destination, tag, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Receives an object.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <returns>The object and what is known of its message.</returns>
    /// <exception cref="WireFormatException">
    /// The message is no object, or was sent as one of another type than <typeparamref name="T"/>.
    /// </exception>
    public (T? Value, Status Status) ReceiveObject<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(
        int source = AnySource,
        int tag = AnyTag)
    {
        using Received<byte> message = ReceiveOwned<byte>(source, tag);
        if (source == NoRank)
            return (default, message.Status);
        return (Read<T>(message), message.Status);
    }

    /// <summary>Starts receiving an object.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Withdraws the receive, unless its message is arriving.</param>
    /// <returns>The object and what is known of its message.</returns>
    /// <exception cref="WireFormatException">
    /// The message is no object, or was sent as one of another type than <typeparamref name="T"/>.
    /// </exception>
    public async ValueTask<(T? Value, Status Status)> ReceiveObjectAsync<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(
        int source = AnySource,
        int tag = AnyTag,
        CancellationToken cancellationToken = default)
    {
        using Received<byte> message = await ReceiveOwnedAsync<byte>(source, tag, cancellationToken).ConfigureAwait(false);
        if (source == NoRank)
            return (default, message.Status);
        return (Read<T>(message), message.Status);
    }

    private T? Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(Received<byte> message) =>
        ObjectFormat.Read<T>(message.Span, this, message.Status.Source, message.Status.Tag);
}
