;; Conversions that pgloader does not bring: whole cents and millionths, decimal commas, HHMMSSmmm.
(in-package :cl-user)
(defun scaled (s places)
  (when s
    (let ((n (- (length s) places)))
      (concatenate 'string (subseq s 0 n) "." (subseq s n)))))
(defun pgloader.user-symbols::cents (s) (scaled s 2))
(defun pgloader.user-symbols::micros (s) (scaled s 6))
(defun pgloader.user-symbols::comma (s) (when s (substitute #\. #\, s)))
(defun pgloader.user-symbols::clock (s)
  (when s
    (concatenate 'string (subseq s 0 2) ":" (subseq s 2 4) ":" (subseq s 4 6) "." (subseq s 6 9))))
