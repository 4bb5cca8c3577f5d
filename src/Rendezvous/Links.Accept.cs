using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class Links
{
    private static readonly ReadOnlyMemory<byte> CommitFrame = new MessageWriter(ControlKind.LinkCommit).Finish();

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // Out of descriptors, or a connection that was reset in the queue: the listener itself is sound.
                _options.Log?.Invoke($"Accepting a link failed: {error.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(20), _time, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            if (Interlocked.Increment(ref _strangers) > _options.StrangerLimit)
            {
                Interlocked.Decrement(ref _strangers);
                _options.Log?.Invoke($"Closed a connection: {_options.StrangerLimit} others wait to prove the token.");
                socket.Dispose();
                continue;
            }

            _ = RespondAsync(socket);
        }
    }

    /// <summary>Hears a stranger out; whatever it does, this rank goes on.</summary>
    private async Task RespondAsync(Socket socket)
    {
        bool kept = false;
        string from = "";
        try
        {
            socket.NoDelay = true;
            from = $"{socket.RemoteEndPoint}";
            using CancellationTokenSource deadline = new(_options.StrangerTimeout, _time);
            using CancellationTokenRegistration stop = _stopping.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
            LinkConversation conversation = new(_io, socket);
            LinkHello hello = LinkHello.Decode(await conversation.ReceiveAsync(ControlKind.LinkHello, deadline.Token).ConfigureAwait(false));

            // The peer may have got its start a little earlier than this rank.
            LinkWorld world = await _world.Task.WaitAsync(deadline.Token).ConfigureAwait(false);
            if (await ProveAsync(conversation, hello, world, from, deadline.Token).ConfigureAwait(false) is { } proven)
                kept = await DecideAsync(conversation, proven, world, from).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or WireFormatException or EndOfStreamException or ObjectDisposedException)
        {
            _options.Log?.Invoke($"Closed the connection from {from}: {error.Message}");
        }
        catch (OperationCanceledException)
        {
            _options.Log?.Invoke($"Closed the connection from {from}: it was silent for {_options.StrangerTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            Interlocked.Decrement(ref _strangers);
            if (!kept)
                socket.Dispose();
        }
    }

    /// <returns>The link with both nonces, or <see langword="null"/> when it was refused.</returns>
    private async Task<ProvenLink?> ProveAsync(
        LinkConversation conversation, LinkHello hello, LinkWorld world, string from, CancellationToken cancellationToken)
    {
        if (RefusalOf(hello, world) is { } refusal)
        {
            await RefuseAsync(conversation, from, refusal, cancellationToken).ConfigureAwait(false);
            return null;
        }

        LinkIdentity link = new(world.JobId, world.Epoch, hello.From, hello.MemberId, world.Rank, world.Members[world.Rank].Id);
        byte[] nonce = Proof.Nonce();
        await conversation.SendAsync(new MessageWriter(ControlKind.LinkChallenge).Bytes(nonce).Finish(), cancellationToken).ConfigureAwait(false);
        byte[] proof = await conversation.ReceiveAsync(ControlKind.LinkProof, cancellationToken).ConfigureAwait(false);
        if (IsProof(proof, world, link, hello.Nonce, nonce))
            return new ProvenLink(link, hello.Nonce, nonce);
        await RefuseAsync(conversation, from, "the job's token was not proven", cancellationToken).ConfigureAwait(false);
        return null;
    }

    private static string? RefusalOf(LinkHello hello, LinkWorld world)
    {
        if (hello.Version != Protocol.Version)
            return $"this rank speaks version {Protocol.Version} of the protocol, the other one version {hello.Version}";
        if (hello.JobId != world.JobId)
            return "this rank belongs to another job";
        if (hello.Epoch != world.Epoch)
            return $"this rank belongs to epoch {world.Epoch} of the job, the other one to {hello.Epoch}";
        if (hello.To != world.Rank)
            return $"this is rank {world.Rank}, not rank {hello.To}";
        if (hello.From < 0 || hello.From >= world.Members.Count || hello.From == world.Rank)
            return $"the job has no other rank {hello.From}";
        return world.Members[hello.From].Id == hello.MemberId ? null : $"another member has rank {hello.From}";
    }

    private async Task RefuseAsync(LinkConversation conversation, string from, string refusal, CancellationToken cancellationToken)
    {
        _options.Log?.Invoke($"Refused a link from {from}: {refusal}.");
        await conversation.SendAsync(LinkConversation.Refusal(refusal), cancellationToken).ConfigureAwait(false);
    }

    private static bool IsProof(ReadOnlySpan<byte> proof, LinkWorld world, in LinkIdentity link, byte[] initiatorNonce, byte[] nonce)
    {
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        Proof.OfLink(world.Token, Proof.LinkInitiator, link, initiatorNonce, nonce, expected);
        return Proof.Same(expected, proof);
    }

    /// <returns>Whether the connection became the link.</returns>
    private async Task<bool> DecideAsync(LinkConversation conversation, ProvenLink proven, LinkWorld world, string from)
    {
        LinkSlot slot = Slot(proven.Link.Initiator);
        object holder = new();
        LinkVerdict verdict = slot.TryAccept(holder);
        try
        {
            await conversation.SendAsync(AnswerFrame(verdict, world, proven), _stopping.Token).ConfigureAwait(false);
            if (verdict != LinkVerdict.Accepted)
            {
                _options.Log?.Invoke($"Dropped a second connection from rank {slot.Peer} ({from}): {verdict}.");
                return false;
            }

            // No deadline: the other end has proven itself and either commits or closes. Cutting it off here could leave it
            // with a link that this end does not have.
            await conversation.ReceiveAsync(ControlKind.LinkCommit, _stopping.Token).ConfigureAwait(false);
            if (!slot.TryEstablish(holder))
                return false;
        }
        finally
        {
            slot.Release(holder);
        }

        Deliver(slot, conversation.Socket);
        return true;
    }

    private static ReadOnlyMemory<byte> AnswerFrame(LinkVerdict verdict, LinkWorld world, ProvenLink proven)
    {
        Span<byte> proof = stackalloc byte[Proof.Bytes];
        Proof.OfLink(world.Token, (byte)verdict, proven.Link, proven.InitiatorNonce, proven.ResponderNonce, proof);
        return new MessageWriter(ControlKind.LinkAnswer).Byte((byte)verdict).Bytes(proof).Finish();
    }

    private sealed record ProvenLink(LinkIdentity Link, byte[] InitiatorNonce, byte[] ResponderNonce);
}
