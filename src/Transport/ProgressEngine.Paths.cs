namespace BoxerMpi.Transport;

// Paths that are cut without a word. A thread of the process looks after them each second, whether anybody waits or not.
internal sealed unsafe partial class ProgressEngine
{
    private bool _looksAtPaths;

    private void WatchPaths()
    {
        if (_looksAtPaths)
            return;
        _looksAtPaths = true;
        RunningTime.Instance.Ticked += LookAtPaths;
    }

    /// <summary>Closes the links whose way is dead; asks only of those on which something may be under way.</summary>
    private void LookAtPaths()
    {
        lock (Gate)
        {
            bool closed = false;
            for (int i = 0; i < _links.Count && !_disposed; i++)
                closed |= _links[i]?.CloseIfCut() == true;
            if (closed)
                SignalChange();
        }
    }

    private void UnwatchPaths()
    {
        if (_looksAtPaths)
            RunningTime.Instance.Ticked -= LookAtPaths;
    }
}
