using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class Links
{
    // A peer that says no says so again: three times, in case its address had just changed hands.
    private const int RefusalsBelieved = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Tries until the link is up, from whichever end, or the deadline has passed.</summary>
    private async Task ConnectAsync(LinkSlot slot, TimeSpan timeout)
    {
        try
        {
            LinkWorld world = await _world.Task.ConfigureAwait(false);
            long start = _time.GetTimestamp();
            TimeSpan pause = FirstPause;
            int refusals = 0;
            while (!slot.Established.IsCompleted && !_stopping.IsCancellationRequested && _time.GetElapsedTime(start) < timeout)
            {
                object holder = new();
                if (!slot.TryConnect(holder))
                {
                    // A connection of the peer is on its way: it becomes the link or releases the slot.
                    await slot.ChangedAsync().ConfigureAwait(false);
                    if (slot.IsUp)
                        return;
                    continue;
                }

                LinkRefusedException? refused = await TryOnceAsync(slot, holder, world).ConfigureAwait(false);
                if (slot.IsUp)
                    return;
                if (refused is not null && ++refusals == RefusalsBelieved)
                {
                    slot.Fail(Refused(slot, world, refused));
                    return;
                }

                // Jitter keeps ranks that failed together from trying together.
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _time, CancellationToken.None).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (Exception error)
        {
            slot.Fail(error);
        }
        finally
        {
            slot.StopConnecting();
        }
    }

    /// <summary>One attempt; what went wrong is noted in the slot.</summary>
    /// <returns>The refusal, when the peer refused.</returns>
    private async Task<LinkRefusedException?> TryOnceAsync(LinkSlot slot, object holder, LinkWorld world)
    {
        try
        {
            if (!await AttemptAsync(slot, holder, world).ConfigureAwait(false))
                slot.LastProblem = $"rank {slot.Peer} has a connection of its own on the way";
        }
        catch (LinkRefusedException refused)
        {
            slot.LastProblem = $"refused: {refused.Message}";
            return refused;
        }
        catch (Exception error) when (error is SocketException or WireFormatException or EndOfStreamException)
        {
            slot.LastProblem = error.Message;
        }
        catch (OperationCanceledException)
        {
            slot.LastProblem = $"no answer within {_options.AttemptTimeout.TotalSeconds:0.#} s";
        }
        finally
        {
            slot.Release(holder);
        }

        return null;
    }

    private static LinkException Refused(LinkSlot slot, LinkWorld world, LinkRefusedException refused) =>
        new(
            slot.Peer,
            LinkStage.Hello,
            slot.Attempts,
            $"Rank {slot.Peer} at {slot.Remote} refuses the link from rank {world.Rank}: {refused.Message}",
            refused)
        {
            Rank = world.Rank,
            RemoteEndPoint = slot.Remote,
        };

    /// <returns><see langword="false"/> when the peer prefers another connection.</returns>
    private async Task<bool> AttemptAsync(LinkSlot slot, object holder, LinkWorld world)
    {
        MemberInfo peer = world.Members[slot.Peer];
        IPEndPoint remote = peer.EndPoints[slot.Attempts % peer.EndPoints.Count];
        slot.Attempts++;
        slot.Reached = LinkStage.Punch;
        slot.Remote = remote.ToString();
        using CancellationTokenSource deadline = new(_options.AttemptTimeout, _time);
        using CancellationTokenRegistration stop = _stopping.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
        Socket socket = await _io.ConnectAsync(remote, deadline.Token).ConfigureAwait(false);
        bool kept = false;
        try
        {
            slot.Reached = LinkStage.Hello;
            if (!slot.TryPropose(holder))
                return false;
            LinkConversation conversation = new(_io, socket);
            LinkVerdict verdict = await ProposeAsync(conversation, world, peer, deadline.Token).ConfigureAwait(false);
            if (verdict != LinkVerdict.Accepted || !slot.TryEstablish(holder))
                return false;
            try
            {
                // A few bytes into an empty socket buffer: this does not wait.
                await conversation.SendAsync(CommitFrame, CancellationToken.None).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                slot.Retract();
                throw;
            }

            slot.Reached = LinkStage.Established;
            kept = true;
        }
        finally
        {
            if (!kept)
                socket.Dispose();
        }

        Deliver(slot, socket);
        return true;
    }

    private static async Task<LinkVerdict> ProposeAsync(LinkConversation conversation, LinkWorld world, MemberInfo peer, CancellationToken cancellationToken)
    {
        LinkIdentity link = new(world.JobId, world.Epoch, world.Rank, world.Members[world.Rank].Id, peer.Rank, peer.Id);
        byte[] nonce = Proof.Nonce();
        await conversation.SendAsync(
            new LinkHello(Protocol.Version, world.JobId, world.Rank, peer.Rank, world.Epoch, link.InitiatorId, nonce).Encode(), cancellationToken).ConfigureAwait(false);
        byte[] peerNonce = await conversation.ReceiveAsync(ControlKind.LinkChallenge, cancellationToken).ConfigureAwait(false);
        if (peerNonce.Length != Proof.NonceBytes)
            throw new WireFormatException("A challenge has a nonce of another length.");
        await conversation.SendAsync(ProofFrame(world, link, nonce, peerNonce), cancellationToken).ConfigureAwait(false);
        byte[] answer = await conversation.ReceiveAsync(ControlKind.LinkAnswer, cancellationToken).ConfigureAwait(false);
        return ReadAnswer(answer, world, link, nonce, peerNonce);
    }

    private static ReadOnlyMemory<byte> ProofFrame(LinkWorld world, in LinkIdentity link, byte[] nonce, byte[] peerNonce)
    {
        Span<byte> proof = stackalloc byte[Proof.Bytes];
        Proof.OfLink(world.Token, Proof.LinkInitiator, link, nonce, peerNonce, proof);
        return new MessageWriter(ControlKind.LinkProof).Bytes(proof).Finish();
    }

    private static LinkVerdict ReadAnswer(ReadOnlySpan<byte> answer, LinkWorld world, in LinkIdentity link, byte[] nonce, byte[] peerNonce)
    {
        MessageReader reader = new(answer);
        byte verdict = reader.Byte();
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        Proof.OfLink(world.Token, verdict, link, nonce, peerNonce, expected);
        if (verdict is < (byte)LinkVerdict.Accepted or > (byte)LinkVerdict.Yield || !Proof.Same(expected, reader.Bytes(Proof.Bytes)))
            throw new LinkRefusedException("it does not prove the job's token; another program may have taken the port");
        reader.End();
        return (LinkVerdict)verdict;
    }
}
