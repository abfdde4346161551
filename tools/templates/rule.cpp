Verdicts @FUNCTION@(const @FAMILYTYPE@Facts& f, const JudgeContext&) {
  return judge_from(
      [](const @FACTTYPE@& seen) -> Verdicts {
        if (seen != @FACTTYPE@{}) return silent();
        return FindingDraft{Severity::warning};
      },
      f.@FACT@);
}

