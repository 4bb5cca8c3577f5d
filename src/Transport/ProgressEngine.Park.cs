namespace BoxerMpi.Transport;

// Large payloads that nobody has asked for yet. A program that is about to ask gets them without a copy if they stay in the channel
// until then: out of a barrier the first ranks send what the last ones have not posted yet. Nothing is held up by it for longer than
// ParkMilliseconds: they are read when somebody waits for their link or for any, when output of this rank cannot leave (the other
// side may be in the same position), and when the time is over.
internal sealed unsafe partial class ProgressEngine
{
    /// <summary>How long an unwanted payload may stay in its channel.</summary>
    public const int ParkMilliseconds = 2;

    private int _parkedLinks;

    /// <summary>A link leaves a payload where it is (+1) or no longer does (-1).</summary>
    public void CountParked(Link link, int change)
    {
        _parkedLinks += change;
        if (change < 0 && link.ReadingUnwatched)
            WatchReading(link, true);
    }

    private bool ReadFrom(Link link)
    {
        if (link.IsParked && link.Expecting == 0 && _anySourceWaits == 0 && _dirty.Count == 0 && link.StaysParked())
            return false;
        return link.ReadSome();
    }

    /// <summary>Before sleeping: what may stay does not wake the sleeper.</summary>
    /// <returns>How long to sleep at most, in milliseconds; -1 without limit.</returns>
    private int UnwatchParked(int timeoutMilliseconds)
    {
        if (_parkedLinks == 0)
            return timeoutMilliseconds;
        bool mayStay = _anySourceWaits == 0 && _dirty.Count == 0;
        foreach (Link? link in _links)
        {
            if (link is not { IsParked: true })
                continue;
            if (!mayStay)
                link.Unpark();
            else if (link.StaysParked() && !link.ReadingUnwatched && link.Channel.Descriptor >= 0)
                WatchReading(link, false);
        }

        return _parkedLinks == 0 || (uint)timeoutMilliseconds < ParkMilliseconds ? timeoutMilliseconds : ParkMilliseconds;
    }

    private void WatchReading(Link link, bool watch)
    {
        link.ReadingUnwatched = !watch;
        if (!link.IsClosed)
            _poller.Watch(link.Slot, link.Channel, watch, link.WritingWatched);
    }
}
