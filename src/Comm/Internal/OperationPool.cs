namespace BoxerMpi.Internal;

/// <summary>Operations and messages that are used again, so that a warm data path allocates none. Used under the engine's gate.</summary>
internal sealed class OperationPool(Messenger messenger)
{
    private readonly Stack<ReceiveOperation> _receives = new();
    private readonly Stack<SendOperation> _sends = new();
    private readonly Stack<UnexpectedMessage> _messages = new();
    private readonly Stack<CompletionGroup> _groups = new();

    public ReceiveOperation RentReceive() => _receives.TryPop(out ReceiveOperation? receive) ? receive : new ReceiveOperation(messenger);

    public SendOperation RentSend() => _sends.TryPop(out SendOperation? send) ? send : new SendOperation(messenger);

    public UnexpectedMessage RentMessage() => _messages.TryPop(out UnexpectedMessage? message) ? message : new UnexpectedMessage();

    public CompletionGroup RentGroup() => _groups.TryPop(out CompletionGroup? group) ? group : new CompletionGroup(messenger);

    public void Return(ReceiveOperation receive)
    {
        receive.Reset();
        _receives.Push(receive);
    }

    public void Return(SendOperation send)
    {
        send.Reset();
        _sends.Push(send);
    }

    public void Return(UnexpectedMessage message)
    {
        message.Reset();
        _messages.Push(message);
    }

    public void Return(CompletionGroup group)
    {
        group.Clear();
        _groups.Push(group);
    }

    /// <summary>Returns a send or a receive; probes are nobody's.</summary>
    public void ReturnAny(Operation operation)
    {
        if (operation is SendOperation send)
            Return(send);
        else if (operation is ReceiveOperation receive)
            Return(receive);
    }
}
