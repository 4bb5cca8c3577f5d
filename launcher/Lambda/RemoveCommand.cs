using System.CommandLine;
using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda remove</c>: deletes a function that boxer has deployed, and no other.</summary>
internal sealed class RemoveCommand : Command
{
    private readonly LambdaOptions _lambda;
    private readonly Option<string> _function = new("--function") { HelpName = "F", Description = "Name of the function" };

    public RemoveCommand()
        : base("remove", "Deletes a function that boxer has deployed")
    {
        Add(_function);
        _lambda = new LambdaOptions(this);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_function) ?? throw new UsageException(
            "--function is missing: which one?", "boxer lambda list shows them");
        using LambdaClient lambda = _lambda.Connect(parsed);
        FunctionInfo function = await lambda.FindFunctionAsync(name, cancellationToken)
            ?? throw new UsageException($"there is no function {name} in {lambda.Region}", "boxer lambda list shows them");
        if (!FunctionPlan.IsOurs(function))
            throw new UsageException($"function {name} was not deployed by boxer", "delete it with the tool that made it, if you mean it");
        await lambda.DeleteFunctionAsync(name, cancellationToken);
        Console.WriteLine($"{name} removed");
        return 0;
    }
}
