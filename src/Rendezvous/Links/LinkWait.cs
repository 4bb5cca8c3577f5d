namespace BoxerMpi.Rendezvous;

/// <summary>Somebody who waits for a link, for a limited time.</summary>
/// <param name="onEnd">Told once: nothing when the link is up, or why it is not.</param>
internal sealed class LinkWait(Action<Exception?> onEnd)
{
    private bool _isOver;

    public ReactorTimer? Deadline { get; set; }

    public TimeSpan Limit { get; set; }

    public long Start { get; set; }

    public void End(Exception? error)
    {
        if (_isOver)
            return;
        _isOver = true;
        Deadline?.Stop();
        onEnd(error);
    }
}
